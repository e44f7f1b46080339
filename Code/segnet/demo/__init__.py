"""`segnet demo`: a page on this machine on which networks see your photographs."""
