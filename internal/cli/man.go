package cli

// This file is a writer of manual pages because the libraries for cobra lose text.
// cobra/doc reads descriptions as Markdown: it drops the <function> of <function>Targets,
// writes no list of commands, and adds two modules. mango-cobra writes one page for all
// commands and ends a paragraph at every line.

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"fanout/internal/cli/ui"
)

// newMan returns the command that the packages of releases are built with.
func newMan() *cobra.Command {
	return &cobra.Command{
		Use:    "man DIR",
		Short:  "Write manual pages, one for each command",
		Hidden: true,
		Long: `Man writes the manual pages of fanout and its commands to a folder, and creates the
folder if it does not exist. The pages have no date, so they change only with fanout.`,
		Example: `  fanout man /usr/local/share/man/man1`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("man needs one argument, the folder to write to")
			}
			return nil
		},
		ValidArgsFunction: cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ui.Failed(writePages(cmd.Root(), args[0]))
		},
	}
}

// writePages writes a page for root and each of its subcommands.
func writePages(root *cobra.Command, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // manuals are public
		return fmt.Errorf("the folder of manual pages cannot be created: %w", err)
	}
	for _, cmd := range commands(root) {
		if cmd.Hidden {
			continue
		}
		path := filepath.Join(dir, pageName(cmd)+".1")
		if err := os.WriteFile(path, []byte(manPage(cmd, thisBuild())), 0o644); err != nil { //nolint:gosec // manuals are public
			return fmt.Errorf("the manual page cannot be written: %w", err)
		}
	}
	return nil
}

// pageName is the name of a page, such as fanout-run.
func pageName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// manPage is the manual page of a command, in the macros of man(7). It comes from the
// same texts as the help. Its date is the commit's, if known, so that the same source
// gives the same page.
func manPage(cmd *cobra.Command, b buildInfo) string {
	var p page
	day, _, _ := strings.Cut(b.Time, "T")
	p.line(".TH %s 1 %q %q %q", strings.ToUpper(pageName(cmd)), day, "fanout "+b.Version, "Manual of fanout")
	p.line(".nh\n.ad l")
	p.section("NAME")
	p.line("%s \\- %s", pageName(cmd), roff(cmd.Short))
	p.section("SYNOPSIS")
	p.text(cmd.UseLine())
	p.section("DESCRIPTION")
	p.prose(cmd.Long)
	if groups := cmd.Groups(); len(groups) > 0 {
		p.section("COMMANDS")
		for _, g := range groups {
			p.commands(g, cmd.Commands())
		}
	}
	p.options("OPTIONS", options(ownFlags(cmd)))
	p.options("GLOBAL OPTIONS", options(cmd.Root().PersistentFlags()))
	if cmd.HasExample() {
		p.section("EXAMPLES")
		p.verbatim(strings.Split(cmd.Example, "\n"))
	}
	p.section("EXIT STATUS")
	p.item("0", "Everything was done.")
	p.item("1", "Something failed or was not delivered.")
	p.item("2", "The command is wrong, or its input cannot be read.")
	p.section("SEE ALSO")
	p.line("%s", seeAlso(cmd))
	return p.String()
}

// seeAlso names the pages of the subcommands, or of the parent command.
func seeAlso(cmd *cobra.Command) string {
	var others []string
	if cmd.HasParent() {
		others = append(others, pageName(cmd.Parent()))
	}
	for _, c := range cmd.Commands() {
		if listed(c) {
			others = append(others, pageName(c))
		}
	}
	for i, name := range others {
		others[i] = fmt.Sprintf("\\fB%s\\fP(1)", roff(name))
	}
	return strings.Join(others, ",\n")
}

// page is a manual page that is being written.
type page struct{ strings.Builder }

func (p *page) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

func (p *page) section(name string) { p.line(".SH %s", name) }

// text writes running text.
func (p *page) text(s string) { p.line("%s", roff(strings.Join(strings.Fields(s), " "))) }

// item writes a head, and below it indented text.
func (p *page) item(head, text string) {
	p.line(".TP\n\\fB%s\\fP", roff(head))
	p.text(text)
}

// prose writes paragraphs, and indented lines as they are.
func (p *page) prose(text string) {
	for i, paragraph := range strings.Split(text, "\n\n") {
		if i > 0 {
			p.line(".PP")
		}
		var running, kept []string
		for line := range strings.SplitSeq(paragraph, "\n") {
			if strings.HasPrefix(line, " ") {
				kept = append(kept, line)
			} else {
				running = append(running, line)
			}
		}
		if running != nil {
			p.text(strings.Join(running, " "))
		}
		if running != nil && kept != nil {
			p.line(".PP")
		}
		p.verbatim(kept)
	}
}

// verbatim writes lines, if any, unbroken.
func (p *page) verbatim(lines []string) {
	if len(lines) == 0 {
		return
	}
	p.line(".nf")
	for _, line := range lines {
		p.line("%s", roff(line))
	}
	p.line(".fi")
}

func (p *page) commands(g *cobra.Group, all []*cobra.Command) {
	title := ".SS " + g.Title
	for _, c := range all {
		if c.GroupID == g.ID && listed(c) {
			if title != "" {
				p.line("%s", title)
				title = ""
			}
			p.item(c.Name(), c.Short+".")
		}
	}
}

func (p *page) options(title string, all []option) {
	if len(all) == 0 {
		return
	}
	p.section(title)
	for _, o := range all {
		p.item(strings.TrimSpace(o.name), strings.ToUpper(o.usage[:1])+o.usage[1:]+".")
	}
}

// roff escapes characters that are commands, and keeps hyphens that users can copy.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`).Replace(s)
	if strings.HasPrefix(s, ".") {
		s = `\&` + s
	}
	return s
}
