package cli

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1 // some records were not delivered, or a call failed
	exitUsage  = 2 // wrong usage, or unreadable input
	exitChange = 3 // a dry run found something to change
)
