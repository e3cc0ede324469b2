package metrics

// Limits of one PutMetricData request (CloudWatch API reference, PutMetricData). The page does not say whether the byte limit
// applies after compression, so it is applied before.
const (
	requestData  = 1000
	requestBytes = 1_000_000
)

// Bounds of the parts of an encoded request.
const (
	headBytes   = 1024 // action, version and namespace
	fieldBytes  = len("&MetricData.member.1000.StatisticValues.SampleCount=")
	numberBytes = 24
)

// size returns an upper bound on the bytes that e adds to an encoded request.
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

// escaped returns the length of s in an encoded request.
func escaped(s string) int {
	n := len(s)
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			n += len("%2F") - 1
		}
	}
	return n
}

// fit returns the number of leading entries that fit one request. One entry always fits.
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
