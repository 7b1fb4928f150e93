"""What the article speaks of beside the label: each part as a question the records can answer."""
