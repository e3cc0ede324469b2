package cloud

// Outcome is the effect of a command on a resource.
type Outcome string

const (
	Created   Outcome = "created"
	Updated   Outcome = "updated"
	Unchanged Outcome = "unchanged"
	Removed   Outcome = "removed"
	Enabled   Outcome = "enabled"
	Disabled  Outcome = "disabled"
	Deleted   Outcome = "deleted"
	Kept      Outcome = "kept"
	Given     Outcome = "given"   // it was named by ARN, and is taken as it is
	Foreign   Outcome = "foreign" // deploy did not make it, so it stays as it is
	Missing   Outcome = "missing" // it does not exist
)
