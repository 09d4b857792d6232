from antiphon.studio.metrics import Metrics


def test_text():
    metrics = Metrics()
    metrics.count("antiphon_jobs_total", kind="generate", state="done")
    metrics.count("antiphon_jobs_total", 2, kind="generate", state="done")
    metrics.gauge("antiphon_sessions", lambda: 4)
    metrics.observe("antiphon_step_seconds", 0.003)
    metrics.observe("antiphon_step_seconds", 1000)
    lines = metrics.text().splitlines()
    assert 'antiphon_jobs_total{kind="generate",state="done"} 3' in lines
    assert "antiphon_sessions 4" in lines
    assert 'antiphon_step_seconds_bucket{le="0.0025"} 0' in lines
    assert 'antiphon_step_seconds_bucket{le="0.005"} 1' in lines
    assert 'antiphon_step_seconds_bucket{le="+Inf"} 2' in lines
    assert "antiphon_step_seconds_count 2" in lines
    assert "# TYPE antiphon_step_seconds histogram" in lines
