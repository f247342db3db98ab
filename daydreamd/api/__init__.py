"""What the faces of daydreamd (commands, web, MCP) may ask, each question with a typed answer.

Behind it are the daemon's control socket, the history and the rooms; how an answer is drawn or
encoded is the face's business.
"""
