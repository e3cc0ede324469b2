package cloud

import (
	"slices"
	"strings"
)

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

// wouldBe begins an outcome that a dry run foresees.
const wouldBe = "would be "

// Foreseen returns the outcome as a dry run reports it.
func (o Outcome) Foreseen() Outcome {
	if o.Changes() && !strings.HasPrefix(string(o), wouldBe) {
		return wouldBe + o
	}
	return o
}

// Changes reports whether the resource changed, or would change.
func (o Outcome) Changes() bool {
	return !slices.Contains([]Outcome{"", Unchanged, Kept, Given, Foreign, Missing}, o)
}

// Change is a changed setting of a resource.
type Change struct {
	Name   string `json:"name"` // of the flag, or as AWS names it
	Before string `json:"before"`
	After  string `json:"after"`
}

// Changed returns a Change.
func Changed(name, before, after string) Change { return Change{name, before, after} }

// Unset stands for a setting without a value.
const Unset = "(unset)"
