"""Where text comes from: documents in memory and files, plain or compressed."""
