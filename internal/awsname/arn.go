// Package awsname checks the names of AWS: ARNs, regions, accounts, hosts.
package awsname

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
)

// ParseARN parses an ARN of a service in any partition. Its error shows like as an example.
func ParseARN(text, service, like string) (arn.ARN, error) {
	a, err := arn.Parse(text)
	switch {
	case err != nil || a.Resource == "" || !isPartition(a.Partition) || strings.ContainsFunc(text, NoVisibleASCII):
		return a, fmt.Errorf("%s is not an ARN; write one like %s", Quote(text), like)
	case a.Service != service:
		return a, fmt.Errorf("%s belongs to %s, not %s; write an ARN like %s", Quote(text), Quote(a.Service), service, like)
	case !IsAccount(a.AccountID):
		return a, fmt.Errorf("%s has no account of 12 digits; write an ARN like %s", Quote(text), like)
	case service == "iam" && a.Region != "":
		return a, fmt.Errorf("%s has a region, but ARNs of IAM have none; write an ARN like %s", Quote(text), like)
	case service != "iam" && !IsRegion(a.Region):
		return a, fmt.Errorf("%s has no region; write an ARN like %s", Quote(text), like)
	}
	return a, nil
}

// NoVisibleASCII reports whether r cannot occur in an AWS ARN.
func NoVisibleASCII(r rune) bool { return r <= ' ' || r > '~' }

// Suffixes holds the domains of AWS endpoints in partitions that do not use amazonaws.com
// (aws-sdk-go-v2, awsrulesfn, partitions).
var Suffixes = map[string]string{
	"aws-cn":    "amazonaws.com.cn",
	"aws-iso":   "c2s.ic.gov",
	"aws-iso-b": "sc2s.sgov.gov",
	"aws-iso-e": "cloud.adc-e.uk",
	"aws-iso-f": "csp.hci.ic.gov",
	"aws-eusc":  "amazonaws.eu",
}

// awsDomains are the domains of all AWS endpoints, dual-stack ones included.
var awsDomains = append(slices.Collect(maps.Values(Suffixes)),
	"amazonaws.com", "api.aws", "on.aws", "api.amazonwebservices.com.cn", "on.amazonwebservices.com.cn",
	"api.amazonwebservices.eu", "api.aws.ic.gov", "api.aws.scloud", "api.cloud-aws.adc-e.uk", "api.aws.hci.ic.gov")

// Suffix returns the domain of a partition's endpoints.
func Suffix(partition string) string {
	if s, ok := Suffixes[partition]; ok {
		return s
	}
	return "amazonaws.com"
}

// IsAWSHost reports whether host is in a domain of AWS endpoints.
func IsAWSHost(host string) bool {
	for _, s := range awsDomains {
		if strings.HasSuffix(host, "."+s) {
			return true
		}
	}
	return false
}

// isPartition reports whether s may be a partition. AWS adds new ones.
func isPartition(s string) bool { return s == "aws" || strings.HasPrefix(s, "aws-") }

func IsAccount(s string) bool { return len(s) == 12 && strings.Trim(s, "0123456789") == "" }

// IsRegion reports whether s may be the name of an AWS region. AWS adds new ones.
func IsRegion(s string) bool {
	return len(s) <= 63 && strings.Contains(s, "-") && s == strings.ToLower(s) &&
		ConsistsOf(s, "-") && s[0] >= 'a' && s[len(s)-1] != '-'
}

// IsName reports whether s consists of 1 to most letters, digits and characters from
// others.
func IsName(s string, most int, others string) bool {
	return s != "" && len(s) <= most && ConsistsOf(s, others)
}

// IsFIFOName reports whether s is a queue or topic name: letters, digits, _ and -, with the
// suffix .fifo for a FIFO one.
func IsFIFOName(s string, most int) bool {
	return len(s) <= most && IsName(strings.TrimSuffix(s, ".fifo"), most, "_-")
}

// ConsistsOf reports whether s has only ASCII letters, digits and characters from others.
func ConsistsOf(s, others string) bool {
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune(others, r) {
			return false
		}
	}
	return true
}

// Quote returns a value for an error. It truncates long values and removes possible
// passwords from URLs.
func Quote(s string) string {
	if at := strings.LastIndexByte(s, '@'); at >= 0 {
		scheme, _, found := strings.Cut(s[:at], "://")
		if found {
			scheme += "://"
		} else {
			scheme = ""
		}
		s = scheme + "xxxxx" + s[at:]
	}
	const most = 100
	if len(s) > most {
		return fmt.Sprintf("%q…", s[:most])
	}
	return fmt.Sprintf("%q", s)
}

// IsARN reports whether text is an ARN and not a name.
func IsARN(text string) bool { return strings.HasPrefix(text, "arn:") }

// Last returns the name behind the last separator in an ARN or a URL. It returns a plain
// name unchanged.
func Last(text, separator string) string { return text[strings.LastIndex(text, separator)+1:] }
