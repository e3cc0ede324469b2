package cases

import (
	"encoding/xml"
	"os"
)

// The elements of a report of JUnit (testmoapp/junitxml, the common subset).
type (
	junitSuite struct {
		XMLName  xml.Name    `xml:"testsuite"`
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		Failure *junitProblem `xml:"failure,omitempty"`
		Error   *junitProblem `xml:"error,omitempty"`
	}
	junitProblem struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// writeJUnit writes results to a file.
func writeJUnit(path string, results []result) error {
	suite := junitSuite{Name: "fanout test", Tests: len(results)}
	for i := range results {
		r := &results[i]
		c := junitCase{Name: r.name, Class: "fanout"}
		switch {
		case r.err != nil:
			suite.Errors++
			c.Error = &junitProblem{"the case could not be run", r.err.Error()}
		case r.diff != "":
			suite.Failures++
			c.Failure = &junitProblem{"targets get other records than " + wantFile + " has", r.diff}
		}
		suite.Cases = append(suite.Cases, c)
	}
	text, err := xml.MarshalIndent(suite, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append([]byte(xml.Header), append(text, '\n')...), 0o644) //nolint:gosec // a report for CI
}
