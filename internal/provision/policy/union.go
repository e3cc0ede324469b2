package policy

import "slices"

// Union returns d with the statements of other that go beyond it. Statements that
// differ only in their resources become one, as in the policies of this package.
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
