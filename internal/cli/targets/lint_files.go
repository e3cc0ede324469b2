package targets

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"fanout/engine/plain"
	"fanout/internal/awsname"
	"fanout/internal/cli/ui"
	"fanout/internal/provision/doctor"
	"fanout/internal/provision/lint"
	"fanout/lambda/target"
)

// github is the form of annotations of GitHub Actions (GitHub docs, Workflow commands,
// Setting an error message).
const github = "github"

// lintFiles prints the findings for the targets of all files.
func (l *lintCommand) lintFiles(cmd *cobra.Command) error {
	for _, name := range []string{"table", "table-arn", "allow-file-targets"} {
		if l.IsSet(name) {
			return fmt.Errorf("files and --%s cannot be combined; use only one", name)
		}
	}
	if err := l.Check(); err != nil {
		return err
	}
	found := []linted{}
	var unreadable error
	for _, file := range l.files {
		some, err := l.lintFile(file)
		found, unreadable = append(found, some...), errors.Join(unreadable, err)
	}
	if err := l.showFiles(cmd.OutOrStdout(), found); err != nil {
		return ui.Failed(err)
	}
	if unreadable == nil && faultsIn(found) > 0 {
		return ui.Failed(ui.ErrReported)
	}
	return unreadable
}

// lintFile returns the findings for one file.
func (l *lintCommand) lintFile(file string) ([]linted, error) {
	store, err := l.Catalog.OpenFile(file)
	if wrong, ok := errors.AsType[*target.FileError](err); ok {
		return []linted{{File: file, Line: max(wrong.Line, 1), Column: max(wrong.Column, 1), Status: doctor.Error, Text: wrong.Text}}, nil
	}
	if err != nil {
		return nil, err
	}
	all, err := store.All()
	if err != nil {
		return nil, err
	}
	found := lint.Targets(all, l.reader(), nil)
	findings := lintedOf(found)
	for i := range findings {
		f := &findings[i]
		f.File, f.Line, f.Column, f.Text = file, max(found[i].Line, 1), max(found[i].Column, 1), found[i].Bare
	}
	return findings, nil
}

// showFiles prints the findings of files.
func (l *lintCommand) showFiles(w io.Writer, found []linted) error {
	line := sentence
	switch l.Output {
	case "table":
	case github:
		line = annotation
	default:
		return ui.Show(w, l.Output, found, nil)
	}
	for i := range found {
		if _, err := fmt.Fprintln(w, line(&found[i])); err != nil {
			return err
		}
	}
	if l.Output == github {
		return nil
	}
	faults := faultsIn(found)
	_, err := fmt.Fprintf(w, "%s, %s\n", ui.Count(faults, "fault"), ui.Count(len(found)-faults, "warning"))
	return err
}

// sentence returns a finding in the form of compilers, which editors understand.
func sentence(f *linted) string {
	status := "warning"
	if f.Status == doctor.Error {
		status = "fault"
	}
	return fmt.Sprintf("%s:%d:%d: %s: %s", plain.Line(f.File), f.Line, f.Column, status, about(f))
}

// about returns the text of a finding behind the name of its target.
func about(f *linted) string {
	switch {
	case f.Target != "":
		return plain.Line(awsname.Target(f.Source, f.Target)) + ": " + f.Text
	case f.Source != "":
		return plain.Line(awsname.Source(f.Source)) + ": " + f.Text
	}
	return f.Text
}

// Escapes of workflow commands, for messages and for properties.
var (
	inMessage  = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	inProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// annotation returns a finding as a workflow command.
func annotation(f *linted) string {
	return fmt.Sprintf("::%s file=%s,line=%d,col=%d,title=fanout lint::%s", f.Status, inProperty.Replace(f.File), f.Line, f.Column, inMessage.Replace(about(f)))
}
