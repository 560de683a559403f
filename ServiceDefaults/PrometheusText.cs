using System.Globalization;
using System.Text;
using OpenTelemetry.Metrics;

namespace Workflows.ServiceDefaults;

/// <summary>
/// Prometheus text format 0.0.4, with names and units translated as the OpenTelemetry specification says:
/// <c>http.server.request.duration</c> in <c>s</c> becomes <c>http_server_request_duration_seconds</c>, a counter ends in
/// <c>_total</c>, annotations in braces are dropped.
/// </summary>
internal sealed class PrometheusText
{
    private readonly StringBuilder _text = new();
    private string _lastName = "";

    public override string ToString() => _text.ToString();

    public void Write(Metric metric)
    {
        var type = Type(metric.MetricType);
        var name = Name(metric, type);
        if (name != _lastName)
        {
            _text.Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
            if (metric.Description.Length > 0)
            {
                _text.Append("# HELP ").Append(name).Append(' ')
                    .Append(metric.Description.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal))
                    .Append('\n');
            }

            _lastName = name;
        }

        foreach (ref readonly var point in metric.GetMetricPoints())
        {
            if (metric.MetricType == MetricType.Histogram)
            {
                WriteHistogram(name, in point);
            }
            else
            {
                WriteSample(name, Labels(in point), Value(metric.MetricType, in point));
            }
        }
    }

    private static string Type(MetricType type) => type switch
    {
        MetricType.LongSum or MetricType.DoubleSum => "counter",
        MetricType.Histogram => "histogram",
        _ => "gauge",
    };

    private static double Value(MetricType type, in MetricPoint point) => type switch
    {
        MetricType.LongSum or MetricType.LongSumNonMonotonic => point.GetSumLong(),
        MetricType.DoubleSum or MetricType.DoubleSumNonMonotonic => point.GetSumDouble(),
        MetricType.LongGauge => point.GetGaugeLastValueLong(),
        MetricType.DoubleGauge => point.GetGaugeLastValueDouble(),
        _ => throw new NotSupportedException($"Metrics of type {type} are not configured here."),
    };

    private static string Name(Metric metric, string type)
    {
        var unit = metric.Unit switch
        {
            "s" => "seconds",
            "ms" => "milliseconds",
            "By" => "bytes",
            "1" when type == "gauge" => "ratio",
            _ => "",
        };
        var name = Sanitize(metric.Name);
        if (unit.Length > 0 && !name.EndsWith(unit, StringComparison.Ordinal))
        {
            name = $"{name}_{unit}";
        }

        return type == "counter" && !name.EndsWith("_total", StringComparison.Ordinal) ? $"{name}_total" : name;
    }

    private static string Sanitize(string name) =>
        string.Create(name.Length, name, static (target, source) =>
        {
            for (var index = 0; index < source.Length; index++)
            {
                target[index] = char.IsAsciiLetterOrDigit(source[index]) ? source[index] : '_';
            }
        });

    private static string Labels(in MetricPoint point)
    {
        var labels = new StringBuilder();
        foreach (var (key, value) in point.Tags)
        {
            var text = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
            labels.Append(labels.Length > 0 ? "," : "").Append(Sanitize(key)).Append("=\"")
                .Append(text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal))
                .Append('"');
        }

        return labels.ToString();
    }

    private void WriteHistogram(string name, in MetricPoint point)
    {
        var labels = Labels(in point);
        var separator = labels.Length > 0 ? "," : "";
        long cumulative = 0;
        foreach (var bucket in point.GetHistogramBuckets())
        {
            cumulative += bucket.BucketCount;
            WriteSample($"{name}_bucket", $"{labels}{separator}le=\"{Number(bucket.ExplicitBound)}\"", cumulative);
        }

        WriteSample($"{name}_sum", labels, point.GetHistogramSum());
        WriteSample($"{name}_count", labels, point.GetHistogramCount());
    }

    private void WriteSample(string name, string labels, double value)
    {
        _text.Append(name);
        if (labels.Length > 0)
        {
            _text.Append('{').Append(labels).Append('}');
        }

        _text.Append(' ').Append(Number(value)).Append('\n');
    }

    private static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ => value.ToString(CultureInfo.InvariantCulture),
    };
}
