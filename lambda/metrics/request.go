package metrics

// Bounds of one PutMetricData request (CloudWatch API reference, PutMetricData).
// The SDK compresses requests of 10 KiB and more; whether the bound on bytes is of
// the compressed ones is not said, so it is kept before.
const (
	requestData  = 1000
	requestBytes = 1_000_000
)

// Bounds of the parts of a request's form.
const (
	headBytes   = 1024 // action, version and namespace
	fieldBytes  = len("&MetricData.member.1000.StatisticValues.SampleCount=")
	numberBytes = 24
)

// size is a bound on the bytes that e adds to a request's form.
func (e *entry) size() int {
	numbers := 1
	if e.samples != 1 {
		numbers = max(4, 2*len(e.values))
	}
	fields, text := 3+numbers, escaped(e.name)+escaped(string(e.unit))+escaped("2006-01-02T15:04:05Z")
	for _, d := range e.dims.used() {
		fields += 2
		text += escaped(d.name) + escaped(d.value)
	}
	return fields*fieldBytes + numbers*numberBytes + text
}

// escaped returns the length of s in a form.
func escaped(s string) int {
	n := len(s)
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			n += len("%2F") - 1
		}
	}
	return n
}

// fit returns how many of entries one request takes. A single one always fits.
func fit(entries []*entry) int {
	bytes := headBytes
	for i, e := range entries {
		bytes += e.size()
		if i == requestData || bytes > requestBytes {
			return i
		}
	}
	return len(entries)
}
