package target

import (
	"errors"

	"fanout/internal/awsname"
	"fanout/internal/jq"
)

// checkPrograms checks the attributes that are jq programs.
func (c *checker) checkPrograms() {
	c.checkProgram("transform", c.spec.Transform)
	c.checkProgram("key", c.spec.Key)
	switch c.spec.TransformOutput {
	case "", "text":
	case "json":
		c.spec.TransformOutput = ""
	default:
		c.fault("transformOutput", "%s is unknown; write json or text", awsname.Quote(c.spec.TransformOutput))
		return
	}
	if c.spec.TransformOutput != "" && c.spec.Transform == "" {
		c.warn("transformOutput", "has no effect without transform")
		c.spec.TransformOutput = ""
	}
}

// checkProgram adds the faults of a program.
func (c *checker) checkProgram(attribute, program string) {
	if program == "" {
		return
	}
	_, err := jq.Compile(program)
	faults, _ := errors.AsType[jq.Faults](err)
	for _, f := range faults {
		c.fault(attribute, "%v", f)
	}
}
