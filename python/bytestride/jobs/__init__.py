"""The large jobs, as pure functions of a plan and the number of a part."""
