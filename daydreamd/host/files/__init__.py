"""Files: read without being led astray, written whole, deleted safely, and disks that hang."""
