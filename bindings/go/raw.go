package forkexec

import "forkexec/internal/raw"

func init() {
	raw.Launch = func(q *raw.Request) (any, error) {
		r := &request{path: q.Path, argv: q.Argv, env: q.Env, files: q.Files, execFD: q.ExecFD, sys: q.Sys}
		r.attr, _ = q.Attr.(*Attr)
		if q.Held {
			r.how = started
		}
		child, err := launch(r)
		if err != nil {
			return nil, err
		}
		return child, nil
	}
}
