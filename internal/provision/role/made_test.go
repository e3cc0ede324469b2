package role

import (
	"testing"

	"fanout/internal/provision/hooks"
)

func TestIsFanout(t *testing.T) {
	for name, tt := range map[string]struct {
		tags, variables map[string]string
		want            bool
	}{
		"tag":      {map[string]string{Tag: "f"}, nil, true},
		"table":    {nil, map[string]string{"FANOUT_TABLE": "t"}, true},
		"hook's":   {nil, map[string]string{hooks.Variable: "true"}, false},
		"somebody": {map[string]string{"team": "x"}, map[string]string{"TABLE": "t"}, false},
	} {
		if got := IsFanout(tt.tags, tt.variables); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
