package awsname

// Target names a target by its source and id: kinesis:clicks/archive.
func Target(source, id string) string {
	if source == "" {
		return id
	}
	return Source(source) + "/" + id
}
