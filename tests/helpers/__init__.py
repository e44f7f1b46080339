"""What several test files share: a web server, tars, damaged files."""
