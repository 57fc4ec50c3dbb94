"""The pages of pipelines: boards, lists, forecasts, deals."""
