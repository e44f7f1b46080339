"""`segnet compare`: is one network better than another, or is that noise?"""
