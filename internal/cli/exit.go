package cli

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1 // some records were not delivered, or a call failed
	exitUsage  = 2 // wrong usage, or unreadable input
)
