"""What happened in the owner's workspaces: facts and excerpts; nothing there is run or written.

A workspace is untrusted: whoever wrote it may want code to run on whoever looks at it. So git sees
it through a git directory of our own (`foreign`), files are opened beneath the root without
following links, and nothing in here knows a model, a prompt or a report.
"""
