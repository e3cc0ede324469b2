// Package manage has what commands about resources of an account share: the flags that name
// the function, the table, a source and a target, and the policy of the role.
package manage
