package cli

import (
	"context"
	"slices"

	"fanout/internal/provision/cloud"
	"fanout/internal/provision/registry"
)

// targetCommand is a command about the targets in a table.
type targetCommand struct{ manage }

// sourceTargets is a source with its targets.
type sourceTargets struct {
	source  string // ARN; "": every source
	table   *registry.Table
	targets []registry.Entry
}

// openTable returns the source on the command line, and the target table, without its
// targets.
func (m *manage) openTable(ctx context.Context, a *cloud.Account) (sourceTargets, error) {
	source, err := m.sourceRef(ctx, a)
	if err != nil {
		return sourceTargets{}, err
	}
	t, err := m.registry(ctx, a)
	return sourceTargets{source: source, table: t}, err
}

// readTable returns the targets of the source on the command line, or of every source.
func (m *manage) readTable(ctx context.Context, a *cloud.Account) (sourceTargets, error) {
	s, err := m.openTable(ctx, a)
	if err == nil {
		s.targets, err = s.table.List(ctx, s.source)
	}
	return s, err
}

// find returns a target of the source.
func (s *sourceTargets) find(id string) (registry.Entry, error) {
	i := slices.IndexFunc(s.targets, func(e registry.Entry) bool { return e.Text("id") == id })
	if i < 0 {
		return registry.Entry{}, s.table.NoTarget(s.source, id)
	}
	return s.targets[i], nil
}
