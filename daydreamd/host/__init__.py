"""The machine: processes, files, children, databases. It knows no word of daydreaming."""
