package tune

import (
	_ "embed"
	"fmt"
	"html"
	"io"
	"strings"
)

//go:embed report.css
var style string

// markup is text in HTML.
type markup string

// page builds a page. It is not of html/template: that looks up methods by name, so the
// linker would keep every exported method in the binary, half of its size.
type page struct{ strings.Builder }

// add adds a format with its arguments. Texts among them are escaped.
func (p *page) add(format string, args ...any) {
	for i, a := range args {
		switch a := a.(type) {
		case markup: // stays
		case fmt.Stringer:
			args[i] = html.EscapeString(a.String())
		case string:
			args[i] = html.EscapeString(a)
		}
	}
	fmt.Fprintf(p, format, args...)
}

// WriteHTML writes the report as one page that loads nothing else. Its error is the
// error of w.
func (r *Report) WriteHTML(w io.Writer) error {
	var p page
	p.add(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>fanout tune: %s</title>
<style>
%s</style>
</head>
<body>
<main>
`, r.Source, markup(style))
	r.addHeader(&p)
	r.addRecommended(&p)
	r.addTargets(&p)
	r.addPlots(&p)
	r.addSettings(&p)
	r.addBasis(&p)
	p.add("</main>\n</body>\n</html>\n")
	_, err := io.WriteString(w, p.String())
	return err
}
