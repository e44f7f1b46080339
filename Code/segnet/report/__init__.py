"""Pages and tables that several verbs share: HTML templates, pictures, text."""
