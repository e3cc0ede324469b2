package lambda

import (
	"fmt"
	"strings"

	"fanout/internal/awsname"
	"fanout/sinks"
	"fanout/sinks/internal/place"
)

// Parse parses a function as the Lambda API accepts it (Lambda API, Invoke,
// FunctionName): a name, an ARN, or a partial ARN that starts with the account. Each may
// have a qualifier.
func Parse(text string) (sinks.Destination, error) {
	const want = "write a function's name or an ARN like arn:aws:lambda:eu-west-1:123456789012:function:name, either with :alias or :version"
	var d sinks.Destination
	rest := text
	if strings.HasPrefix(text, "arn:") {
		a, err := awsname.ParseARN(text, "lambda", "arn:aws:lambda:eu-west-1:123456789012:function:name")
		if err != nil {
			return sinks.Destination{}, err
		}
		d, rest = place.Located(a), a.Resource
		if !strings.HasPrefix(rest, "function:") {
			return sinks.Destination{}, fmt.Errorf("%s is not a function; %s", awsname.Quote(text), want)
		}
	} else if account, after, found := strings.Cut(text, ":"); found && awsname.IsAccount(account) && strings.HasPrefix(after, "function:") {
		d.Account, rest = account, after
	}
	rest = strings.TrimPrefix(rest, "function:")
	name, qualifier, qualified := strings.Cut(rest, ":")
	if !awsname.IsName(name, 64, "_-") || qualified && !awsname.IsName(strings.TrimPrefix(qualifier, "$"), 128, "_-") {
		return sinks.Destination{}, fmt.Errorf("%s is not a function; %s", awsname.Quote(text), want)
	}
	d.Name, d.Qualifier = name, qualifier
	if qualified {
		d.ARN = strings.TrimSuffix(d.ARN, ":"+qualifier)
	}
	if d.ARN == "" && d.Account != "" {
		d.Name = d.Account + ":function:" + name
	}
	return d, nil
}
