"""Report to text: HTML, Markdown, JSON and the terminal."""
