"""Helpers shared by several test files: a web server, tars, damaged files."""
