package metrics

import (
	"cmp"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"fanout/internal/awshttp"
)

// answered is the answer of CloudWatch to a successful call.
const answered = `<PutMetricDataResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/"><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></PutMetricDataResponse>`

// service is a CloudWatch on loopback that records its requests.
type service struct {
	*httptest.Server

	mu        sync.Mutex
	bodies    []int // lengths, uncompressed
	encodings []string
	data      [][]types.MetricDatum
}

// newService answers with handle after the request was read, or well if it is nil.
func newService(t testing.TB, handle http.HandlerFunc) *service {
	s := &service{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body io.Reader = r.Body
		if r.Header.Get("Content-Encoding") == "gzip" {
			z, err := gzip.NewReader(body)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			body = z
		}
		data, err := io.ReadAll(body)
		form, ferr := url.ParseQuery(string(data))
		if err != nil || ferr != nil || form.Get("Action") != "PutMetricData" || form.Get("Namespace") != DefaultNamespace {
			t.Errorf("not a PutMetricData request: %v, %v, %.100s", err, ferr, data)
		}
		s.mu.Lock()
		s.bodies = append(s.bodies, len(data))
		s.encodings = append(s.encodings, r.Header.Get("Content-Encoding"))
		s.data = append(s.data, parse(t, form))
		s.mu.Unlock()
		if handle != nil {
			handle(w, r)
			return
		}
		io.WriteString(w, answered)
	}))
	t.Cleanup(s.Close)
	return s
}

// client returns a client as the function has them: it does not retry.
func (s *service) client(t testing.TB) Client {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return NewClient(aws.Config{
		Region: "eu-west-1", BaseEndpoint: aws.String(s.URL), HTTPClient: awshttp.Client(&http.Client{Transport: transport}),
		Credentials: credentials.NewStaticCredentialsProvider("AKID", "SECRET", ""),
	})
}

// parse reads the metrics of a form, by the names that the query protocol gives its
// fields.
func parse(t testing.TB, form url.Values) []types.MetricDatum {
	number := func(v string) float64 {
		f, err := strconv.ParseFloat(v, 64)
		must(t, err)
		return f
	}
	data := map[int]*types.MetricDatum{}
	grow := func(list []float64, at int, v string) []float64 {
		list = append(list, make([]float64, max(0, at-len(list)))...)
		list[at-1] = number(v)
		return list
	}
	keys := make([]string, 0, len(form))
	for k := range form {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		v, part := form.Get(k), strings.Split(k, ".")
		if part[0] != "MetricData" {
			continue
		}
		n, err := strconv.Atoi(part[2])
		must(t, err)
		if data[n] == nil {
			data[n] = &types.MetricDatum{}
		}
		d, at := data[n], 0
		if len(part) > 5 {
			at, err = strconv.Atoi(part[5])
			must(t, err)
		}
		switch field := part[3]; field {
		case "MetricName":
			d.MetricName = &v
		case "Unit":
			d.Unit = types.StandardUnit(v)
		case "Timestamp":
			at, err := time.Parse(time.RFC3339, v)
			must(t, err)
			d.Timestamp = &at
		case "Value":
			d.Value = aws.Float64(number(v))
		case "Values":
			d.Values = grow(d.Values, at, v)
		case "Counts":
			d.Counts = grow(d.Counts, at, v)
		case "Dimensions":
			d.Dimensions = append(d.Dimensions, make([]types.Dimension, max(0, at-len(d.Dimensions)))...)
			if part[6] == "Name" {
				d.Dimensions[at-1].Name = &v
			} else {
				d.Dimensions[at-1].Value = &v
			}
		case "StatisticValues":
			if d.StatisticValues == nil {
				d.StatisticValues = &types.StatisticSet{}
			}
			s := d.StatisticValues
			*map[string]**float64{
				"SampleCount": &s.SampleCount, "Sum": &s.Sum, "Minimum": &s.Minimum, "Maximum": &s.Maximum,
			}[part[4]] = aws.Float64(number(v))
		default:
			t.Errorf("unknown field %s", field)
		}
	}
	numbers := make([]int, 0, len(data))
	for n := range data {
		numbers = append(numbers, n)
	}
	slices.SortFunc(numbers, cmp.Compare)
	list := make([]types.MetricDatum, 0, len(data))
	for _, n := range numbers {
		list = append(list, *data[n])
	}
	return list
}
