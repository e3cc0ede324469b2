package metrics

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"fanout/internal/awscall"
)

// Client puts metrics into CloudWatch. It should not retry: metrics that were not accepted go
// out with the next ones.
type Client interface {
	PutMetricData(ctx context.Context, namespace string, data []types.MetricDatum) error
}

// monitoring is Amazon CloudWatch.
var monitoring = awscall.Service{ID: "CloudWatch", Name: "monitoring", Query: true, GovFIPS: true}

// NewClient returns a client that calls CloudWatch.
func NewClient(cfg aws.Config) Client { return caller{awscall.New(cfg, monitoring, "")} }

type caller struct{ client *awscall.Client }

// compressBytes is the length from which a request is compressed.
const compressBytes = 10 << 10

// PutMetricData implements Client.
func (c caller) PutMetricData(ctx context.Context, namespace string, data []types.MetricDatum) error {
	text := form(namespace, data)
	header := awscall.FormHeader()
	if len(text) >= compressBytes {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		_, _ = w.Write(text) // a buffer takes everything
		_ = w.Close()
		text = packed.Bytes()
		header.Set("Content-Encoding", "gzip")
	}
	return c.client.Do(ctx, &awscall.Request{Operation: "PutMetricData", Header: header, Body: awscall.Text(text)}, func(answer *http.Response) error {
		_, err := io.Copy(io.Discard, answer.Body)
		return err
	})
}

// form returns a request in the AWS query protocol (CloudWatch API reference, PutMetricData).
func form(namespace string, data []types.MetricDatum) []byte {
	b := []byte("Action=PutMetricData&Version=2010-08-01")
	add := func(name, value string) {
		b = append(b, '&')
		b = append(b, name...)
		b = append(b, '=')
		b = append(b, url.QueryEscape(value)...)
	}
	number := func(name string, n *float64) {
		if n != nil {
			add(name, strconv.FormatFloat(*n, 'f', -1, 64))
		}
	}
	add("Namespace", namespace)
	for i := range data {
		d := &data[i]
		at := "MetricData.member." + strconv.Itoa(i+1) + "."
		add(at+"MetricName", aws.ToString(d.MetricName))
		add(at+"Unit", string(d.Unit))
		if d.Timestamp != nil {
			add(at+"Timestamp", d.Timestamp.UTC().Format(time.RFC3339))
		}
		for k := range d.Dimensions {
			dimension := at + "Dimensions.member." + strconv.Itoa(k+1) + "."
			add(dimension+"Name", aws.ToString(d.Dimensions[k].Name))
			add(dimension+"Value", aws.ToString(d.Dimensions[k].Value))
		}
		number(at+"Value", d.Value)
		for k := range d.Values {
			number(at+"Values.member."+strconv.Itoa(k+1), &d.Values[k])
		}
		for k := range d.Counts {
			number(at+"Counts.member."+strconv.Itoa(k+1), &d.Counts[k])
		}
		if s := d.StatisticValues; s != nil {
			number(at+"StatisticValues.SampleCount", s.SampleCount)
			number(at+"StatisticValues.Sum", s.Sum)
			number(at+"StatisticValues.Minimum", s.Minimum)
			number(at+"StatisticValues.Maximum", s.Maximum)
		}
	}
	return b
}
