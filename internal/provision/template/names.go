package template

import (
	"fmt"
	"strings"

	"fanout/internal/awsname"
)

// names holds the names in use in a template.
type names map[string]bool

// unique returns text as an unused name of lower case letters, digits and underscores
// that begins with a letter. Other characters only separate words.
func (n names) unique(text string) string {
	name := strings.ToLower(text)
	name = strings.Join(strings.FieldsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}), "_")
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		name = "n" + name
	}
	free := name
	for i := 2; n[logical(free)]; i++ {
		free = fmt.Sprintf("%s_%d", name, i)
	}
	n[logical(free)] = true
	return free
}

// logical returns the name of a mapping for CloudFormation.
func (h *hook) logical() string {
	if h.service == "sqs" {
		return "Queue" + logical(h.name)
	}
	if h.service == awsname.Kafka {
		return "Kafka" + logical(h.name)
	}
	return "Stream" + logical(h.name)
}

// logical writes a name for CloudFormation, with letters and digits only.
func logical(name string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(name, "_") {
		if word != "" {
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return b.String()
}
