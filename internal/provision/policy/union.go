package policy

import "slices"

// Union returns d with what other allows or denies beyond it. Statements that differ in
// their resources alone become one, as in the policies that this package makes.
func Union(d, other Document) Document {
	u := Document{Version: d.Version, Statement: slices.Clone(d.Statement)}
	for _, s := range other.Statement {
		i := slices.IndexFunc(u.Statement, func(t Statement) bool { return s.Sid != "" && s.Sid == t.Sid })
		switch {
		case i < 0:
			u.Statement = append(u.Statement, s)
		case slices.Equal(s.Action, u.Statement[i].Action):
			u.Statement[i].Resource = unique(slices.Concat(u.Statement[i].Resource, s.Resource))
		}
	}
	return u
}
