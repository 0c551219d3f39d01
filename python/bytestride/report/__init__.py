"""What people look at: pages, and texts made visible."""
