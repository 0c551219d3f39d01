"""Windows and batches beside what else serves them: the same tokens, the same batches."""

__all__: list[str] = []
