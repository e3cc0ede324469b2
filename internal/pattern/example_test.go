package pattern_test

import (
	"errors"
	"fmt"

	"fanout/internal/pattern"
)

func ExamplePattern_MatchJSON() {
	p, err := pattern.Compile([]byte(`{"order": {"total": [{"numeric": [">=", 100]}]}, "state": [{"anything-but": "test"}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.MatchJSON([]byte(`{"order": {"total": 129.95}, "state": "paid"}`)))
	fmt.Println(p.MatchJSON([]byte(`{"order": {"total": 129.95}, "state": "test"}`)))
	fmt.Println(p.MatchJSON([]byte(`{"order": {"total": 99}, "state": "paid"}`)))
	// Output:
	// true
	// false
	// false
}

// record is a Kinesis record as Lambda's event filter sees it.
type record struct {
	key  string
	data []byte
}

func (r *record) Field(name string) pattern.Value {
	switch name {
	case "data":
		return pattern.JSON(r.data)
	case "partitionKey":
		return pattern.String([]byte(r.key))
	}
	return pattern.Value{}
}

func ExamplePattern_Match() {
	p, err := pattern.Compile([]byte(`{"data": {"type": ["order"]}, "partitionKey": [{"prefix": "eu-"}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.Match(&record{"eu-1", []byte(`{"type": "order"}`)}))
	fmt.Println(p.Match(&record{"us-1", []byte(`{"type": "order"}`)}))
	fmt.Println(p.Match(&record{"eu-1", []byte(`no JSON`)}))
	// Output:
	// true
	// false
	// false
}

func ExampleCompile() {
	_, err := pattern.Compile([]byte(`{"data": {"total": [{"numeric": [">=", "5"]}], "id": 7}}`))
	var faults pattern.Faults
	if errors.As(err, &faults) {
		for _, fault := range faults {
			fmt.Println(fault)
		}
	}
	// Output:
	// data.total[0].numeric[1]: is a string; write a number
	// data.id: is a number; write a list of values such as ["a", "b"], or an object of fields
}
