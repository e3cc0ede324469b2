package target

import (
	"fmt"
	"strings"
)

// parseFunction parses a function as the Lambda API accepts it (Lambda API, Invoke,
// FunctionName): a name, an ARN, or a partial ARN that starts with the account. Each may
// have a qualifier.
func parseFunction(text string) (Destination, error) {
	const want = "write a function's name or an ARN like arn:aws:lambda:eu-west-1:123456789012:function:name, either with :alias or :version"
	var d Destination
	rest := text
	if strings.HasPrefix(text, "arn:") {
		a, err := parseARN(text, "lambda", "arn:aws:lambda:eu-west-1:123456789012:function:name")
		if err != nil {
			return Destination{}, err
		}
		d, rest = located(a), a.Resource
		if !strings.HasPrefix(rest, "function:") {
			return Destination{}, fmt.Errorf("%s is not a function; %s", quote(text), want)
		}
	} else if account, after, found := strings.Cut(text, ":"); found && isAccount(account) && strings.HasPrefix(after, "function:") {
		d.Account, rest = account, after
	}
	rest = strings.TrimPrefix(rest, "function:")
	name, qualifier, qualified := strings.Cut(rest, ":")
	if !isName(name, 64, "_-") || qualified && !isName(strings.TrimPrefix(qualifier, "$"), 128, "_-") {
		return Destination{}, fmt.Errorf("%s is not a function; %s", quote(text), want)
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
