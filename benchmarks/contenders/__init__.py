"""Ways to match two lists, each run in a process of its own so that time and memory are its own.

Ours gets the raw lists and cleans them within its time. The others get the parts that our cleaning
makes, cleaned before their time begins. Loading libraries and lists counts for everyone.
"""
