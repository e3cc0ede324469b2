package function

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"fanout/internal/provision/doctor"
	"fanout/internal/testing/clitest"
)

var someFindings = []doctor.Finding{
	{Check: "function", Subject: "fanout", Status: doctor.OK, Text: "active, for arm64"},
	{Check: "iterator age", Subject: "fanout", Status: doctor.Unknown, Text: "not checked: no right to call CloudWatch GetMetricStatistics"},
	{Check: "policy", Subject: "fanoutRole", Status: doctor.Error, Text: "the role lacks sqs:SendMessage on arn:aws:sqs:eu-west-1:123456789012:orders", Do: "run fanout deploy"},
	{Check: "policy", Subject: "fanoutRole", Status: doctor.Error, Text: "the role lacks sts:AssumeRole on arn:aws:iam::210987654321:role/receiver", Do: "run fanout deploy"},
	{Check: "target", Subject: "kinesis:a-stream-with-a-long-name/and-a-long-id", Status: doctor.Warning, Text: "it is paused", Do: "wait a minute"},
}

func TestDiagnosis(t *testing.T) {
	r := reportOf(someFindings)
	got := fmt.Sprint(r.OK, r.Warnings, r.Errors, r.NotChecked)
	if want := "1 1 2 1"; got != want {
		t.Errorf("ok, warnings, errors and not checked are %s, want %s", got, want)
	}
	var b strings.Builder
	if err := showDiagnosis(&b, "table", r); err != nil || !strings.HasSuffix(b.String(), "\n1 ok, 1 warning, 2 errors, 1 not checked\n") {
		t.Errorf("%v:\n%s", err, &b)
	}
}

func TestDiagnosisTable(t *testing.T) {
	clitest.CheckTable(t, "doctor", func(w *bytes.Buffer) {
		if err := showDiagnosis(w, "table", reportOf(someFindings)); err != nil {
			t.Fatal(err)
		}
	})
}
