"""When each alert fires and when it does not: series by the minute, and the alerts that fire at a time."""

CASES: dict[str, tuple[dict[str, str], str, dict[str, bool]]] = {
    "steady": (
        {
            'tablestakes_requests_total{instance="a",route="recommendations",status="200"}': "0+1000x8000",
            'tablestakes_requests_total{instance="a",route="recommendations",status="503"}': "0+0x8000",
        },
        "3d",
        {
            "AvailabilityBudgetBurnsFast": False,
            "AvailabilityBudgetBurns": False,
            "AvailabilityBudgetBurnsSlowly": False,
        },
    ),
    "2 % fail": (
        {
            'tablestakes_requests_total{instance="a",route="recommendations",status="200"}': "0+980x8000",
            'tablestakes_requests_total{instance="a",route="recommendations",status="503"}': "0+20x8000",
        },
        "2h",
        {"AvailabilityBudgetBurnsFast": True},
    ),
    "0.8 % fail": (
        {
            'tablestakes_requests_total{instance="a",route="recommendations",status="200"}': "0+992x8000",
            'tablestakes_requests_total{instance="a",route="recommendations",status="503"}': "0+8x8000",
        },
        "7h",
        {"AvailabilityBudgetBurns": True, "AvailabilityBudgetBurnsFast": False},
    ),
    "0.2 % fail": (
        {
            'tablestakes_requests_total{instance="a",route="recommendations",status="200"}': "0+998x8000",
            'tablestakes_requests_total{instance="a",route="recommendations",status="503"}': "0+2x8000",
        },
        "4d",
        {"AvailabilityBudgetBurnsSlowly": True, "AvailabilityBudgetBurns": False},
    ),
    "20 % slow": (
        {
            'tablestakes_request_seconds_bucket{route="recommendations",le="0.05"}': "0+800x800",
            'tablestakes_request_seconds_count{route="recommendations"}': "0+1000x800",
        },
        "2h",
        {"LatencyBudgetBurnsFast": True},
    ),
    "8 % slow": (
        {
            'tablestakes_request_seconds_bucket{route="recommendations",le="0.05"}': "0+920x800",
            'tablestakes_request_seconds_count{route="recommendations"}': "0+1000x800",
        },
        "7h",
        {"LatencyBudgetBurns": True, "LatencyBudgetBurnsFast": False},
    ),
    "0.5 % slow": (
        {
            'tablestakes_request_seconds_bucket{route="recommendations",le="0.05"}': "0+995x800",
            'tablestakes_request_seconds_count{route="recommendations"}': "0+1000x800",
        },
        "7h",
        {"LatencyBudgetBurns": False, "LatencyBudgetBurnsFast": False},
    ),
    "api down": (
        {'up{job="tablestakes",instance="a"}': "0x20"},
        "10m",
        {"ApiDown": True},
    ),
    "no api": (
        {},
        "10m",
        {"ApiDown": True, "WorkerDead": True},
    ),
    "all up": (
        {'up{job="tablestakes",instance="a"}': "1x20", 'up{job="tablestakes-worker",instance="w"}': "1x20"},
        "10m",
        {"ApiDown": False, "WorkerDead": False},
    ),
    "worker down": (
        {'up{job="tablestakes-worker",instance="w"}': "0x20"},
        "10m",
        {"WorkerDead": True},
    ),
    "a job fails": (
        {
            'tablestakes_worker_rounds_total{job_name="pacing",outcome="failed"}': "0+2x60",
            'tablestakes_worker_rounds_total{job_name="pacing",outcome="done"}': "5x60",
        },
        "40m",
        {"WorkerJobFails": True},
    ),
    "a job fails now and then": (
        {
            'tablestakes_worker_rounds_total{job_name="pacing",outcome="failed"}': "0+1x60",
            'tablestakes_worker_rounds_total{job_name="pacing",outcome="done"}': "5+1x60",
        },
        "40m",
        {"WorkerJobFails": False},
    ),
    "degraded": (
        {
            'tablestakes_answers_total{market="m",model_version="v",policy="p",policy_version="1"}': "0+1000x60",
            'tablestakes_degraded_total{reason="feature-cache-away"}': "0+100x60",
        },
        "20m",
        {"AnswersDegraded": True},
    ),
    "hardly degraded": (
        {
            'tablestakes_answers_total{market="m",model_version="v",policy="p",policy_version="1"}': "0+1000x60",
            'tablestakes_degraded_total{reason="feature-cache-away"}': "0+10x60",
        },
        "20m",
        {"AnswersDegraded": False},
    ),
    "cache away": (
        {'tablestakes_feature_cache_breaker_open{instance="a"}': "0 1x10"},
        "6m",
        {"FeatureCacheAway": True},
    ),
    "cache there": (
        {'tablestakes_feature_cache_breaker_open{instance="a"}': "0x10"},
        "6m",
        {"FeatureCacheAway": False},
    ),
    "queue stuck": (
        {'tablestakes_billing_queue_age_seconds{market="m"}': "0+60x10"},
        "8m",
        {"BillingQueueStuck": True},
    ),
    "queue moves": (
        {'tablestakes_billing_queue_age_seconds{market="m"}': "6x10"},
        "8m",
        {"BillingQueueStuck": False},
    ),
    "events wait": (
        {'tablestakes_event_commit_waiting{instance="a"}': "15000x10"},
        "5m",
        {"EventsWait": True},
    ),
    "few events wait": (
        {'tablestakes_event_commit_waiting{instance="a"}': "150x10"},
        "5m",
        {"EventsWait": False},
    ),
    "records dropped": (
        {'tablestakes_served_log_dropped{instance="a"}': "0x5 10x10"},
        "8m",
        {"ServedRecordsDropped": True},
    ),
    "records dropped long ago": (
        {'tablestakes_served_log_dropped{instance="a"}': "10x60"},
        "40m",
        {"ServedRecordsDropped": False},
    ),
    "old model": (
        {'tablestakes_model_age_seconds{market="m"}': "1300000x100"},
        "80m",
        {"ModelStale": True},
    ),
    "young model": (
        {'tablestakes_model_age_seconds{market="m"}': "86400x100"},
        "80m",
        {"ModelStale": False},
    ),
    "drifted": (
        {'tablestakes_drifted{market="m",part="outcome",column="order_rate"}': "1x200"},
        "3h",
        {"DataDrifted": True},
    ),
    "one look": (
        {'tablestakes_drifted{market="m",part="outcome",column="order_rate"}': "1x60 0x200"},
        "3h",
        {"DataDrifted": False},
    ),
    "boastful": (
        {
            'tablestakes_calibration_z{market="m",model_version="v"}': "-6x100",
            'tablestakes_calibration_observed_orders{market="m",model_version="v"}': "60x100",
            'tablestakes_calibration_predicted_orders{market="m",model_version="v"}': "100x100",
        },
        "1h",
        {"CalibrationOff": True},
    ),
    "sure but small": (
        {
            'tablestakes_calibration_z{market="m",model_version="v"}': "-6x100",
            'tablestakes_calibration_observed_orders{market="m",model_version="v"}': "95x100",
            'tablestakes_calibration_predicted_orders{market="m",model_version="v"}': "100x100",
        },
        "1h",
        {"CalibrationOff": False},
    ),
    "large but unsure": (
        {
            'tablestakes_calibration_z{market="m",model_version="v"}': "-2x100",
            'tablestakes_calibration_observed_orders{market="m",model_version="v"}': "60x100",
            'tablestakes_calibration_predicted_orders{market="m",model_version="v"}': "100x100",
        },
        "1h",
        {"CalibrationOff": False},
    ),
    "too much": (
        {
            'tablestakes_ad_spend_today_minor_units{market="m"}': "600x300",
            'tablestakes_ad_spend_planned_today_minor_units{market="m"}': "300x300",
            'tablestakes_ad_budget_left_today_minor_units{market="m"}': "400x300",
        },
        "2h",
        {"AdsOverspend": True, "AdsUnderspend": False},
    ),
    "too little": (
        {
            'tablestakes_ad_spend_today_minor_units{market="m"}': "100x300",
            'tablestakes_ad_spend_planned_today_minor_units{market="m"}': "600x300",
            'tablestakes_ad_budget_left_today_minor_units{market="m"}': "900x300",
        },
        "3h",
        {"AdsUnderspend": True, "AdsOverspend": False},
    ),
    "as planned": (
        {
            'tablestakes_ad_spend_today_minor_units{market="m"}': "480x300",
            'tablestakes_ad_spend_planned_today_minor_units{market="m"}': "500x300",
            'tablestakes_ad_budget_left_today_minor_units{market="m"}': "520x300",
        },
        "3h",
        {"AdsUnderspend": False, "AdsOverspend": False},
    ),
}
