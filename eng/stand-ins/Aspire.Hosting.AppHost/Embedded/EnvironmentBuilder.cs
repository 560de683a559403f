using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting.Embedded;

/// <summary>The variables of one process: the model's callbacks in order, then what every project gets.</summary>
internal sealed class EnvironmentBuilder(
    DistributedApplicationExecutionContext executionContext, IConfiguration configuration, IHostEnvironment hostEnvironment)
{
    private static readonly string[] OtlpSettings =
        ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_HEADERS"];

    // So that a developer sees a span at once, not at the end of a batch.
    private static readonly Dictionary<string, string> DevelopmentTelemetry = new()
    {
        ["OTEL_BLRP_SCHEDULE_DELAY"] = "1000",
        ["OTEL_BSP_SCHEDULE_DELAY"] = "1000",
        ["OTEL_METRIC_EXPORT_INTERVAL"] = "1000",
        ["OTEL_TRACES_SAMPLER"] = "always_on",
        ["OTEL_METRICS_EXEMPLAR_FILTER"] = "trace_based",
    };

    public async Task<Dictionary<string, string>> BuildAsync(ResourceInstance instance, CancellationToken cancellationToken)
    {
        var context = new EnvironmentCallbackContext(executionContext, cancellationToken: cancellationToken);
        foreach (var annotation in instance.Resource.Annotations.OfType<EnvironmentCallbackAnnotation>())
        {
            await annotation.Callback(context);
        }

        var variables = new Dictionary<string, string>();
        foreach (var (name, value) in context.EnvironmentVariables)
        {
            if (await ResolveAsync(value, cancellationToken) is { } text)
            {
                variables[name] = text;
            }
        }

        AddEndpoints(instance, variables);
        if (instance.Resource is ProjectResource)
        {
            AddTelemetry(instance, variables);
        }

        return variables;
    }

    private static async ValueTask<string?> ResolveAsync(object value, CancellationToken cancellationToken) => value switch
    {
        string text => text,
        bool flag => flag ? "true" : "false",
        IValueProvider provider => await provider.GetValueAsync(cancellationToken),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture),
    };

    private static void AddEndpoints(ResourceInstance instance, Dictionary<string, string> variables)
    {
        var endpoints = instance.Resource.Annotations.OfType<EndpointAnnotation>()
            .Where(endpoint => instance.Ports.ContainsKey(endpoint.Name)).ToArray();
        foreach (var endpoint in endpoints.Where(endpoint => endpoint.EnvironmentVariable is not null))
        {
            variables[endpoint.EnvironmentVariable!] = instance.Ports[endpoint.Name].ToString(CultureInfo.InvariantCulture);
        }

        var urls = endpoints.Where(endpoint => endpoint.UriScheme is "http" or "https" && endpoint.EnvironmentVariable is null)
            .Select(endpoint => instance.UrlOf(endpoint.Name)).ToArray();
        if (instance.Resource is ProjectResource && urls.Length > 0)
        {
            variables["ASPNETCORE_URLS"] = string.Join(';', urls);
        }

        if (endpoints.FirstOrDefault(endpoint => endpoint.UriScheme == "https") is { } https)
        {
            variables["ASPNETCORE_HTTPS_PORT"] = instance.Ports[https.Name].ToString(CultureInfo.InvariantCulture);
        }
    }

    private void AddTelemetry(ResourceInstance instance, Dictionary<string, string> variables)
    {
        variables["OTEL_SERVICE_NAME"] = instance.Resource.Name;
        variables["OTEL_RESOURCE_ATTRIBUTES"] = $"service.instance.id={instance.Name}";

        // There is no dashboard here; an operator's own collector is named in the AppHost's environment.
        if (configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] is not { Length: > 0 })
        {
            return;
        }

        foreach (var name in OtlpSettings)
        {
            if (configuration[name] is { Length: > 0 } value)
            {
                variables[name] = value;
            }
        }

        variables.TryAdd("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
        variables["OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY"] = "in_memory";
        if (hostEnvironment.IsDevelopment())
        {
            foreach (var (name, value) in DevelopmentTelemetry)
            {
                variables.TryAdd(name, value);
            }
        }
    }
}
