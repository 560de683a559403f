using System.Collections.Concurrent;
using System.Collections.Frozen;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace Microsoft.Extensions.ServiceDiscovery;

/// <summary>Knows endpoints of some services; asked in the order of registration until one knows.</summary>
internal interface IEndpointProvider
{
    /// <returns>The endpoint to use for this request, or null when this provider does not know the service.</returns>
    Endpoint? Next(ServiceQuery query);
}

/// <summary>Any name is a host name: that is how container platforms find services.</summary>
internal sealed class PassThroughEndpointProvider : IEndpointProvider
{
    public Endpoint Next(ServiceQuery query) => new(Scheme: null, query.ServiceName, Port: -1, PathPrefix: "");
}

/// <summary>
/// Endpoints below <c>Services:[service]:[endpoint or scheme]</c>, in rotation. What was read is kept until the configuration
/// reloads; names that are not configured (any web address, when all clients discover) are not remembered, only looked up.
/// </summary>
internal sealed class ConfigurationEndpointProvider(
    IConfiguration configuration,
    IOptions<ConfigurationServiceEndpointProviderOptions> options,
    IOptions<ServiceDiscoveryOptions> discoveryOptions) : IEndpointProvider
{
    private const string DefaultEndpointName = "default";

    // Scheme lists and endpoint names come with the request; without a limit a caller could make this grow.
    private const int MaxRotations = 1000;

    private volatile Snapshot? _snapshot;

    public Endpoint? Next(ServiceQuery query)
    {
        var snapshot = CurrentSnapshot();
        if (!snapshot.ServiceNames.Contains(query.ServiceName))
        {
            return null;
        }

        if (!snapshot.Rotations.TryGetValue(query.Key, out var rotation))
        {
            rotation = new Rotation(Read(query));
            if (snapshot.Rotations.Count < MaxRotations)
            {
                rotation = snapshot.Rotations.GetOrAdd(query.Key, rotation);
            }
        }

        return rotation.Next();
    }

    private Snapshot CurrentSnapshot()
    {
        if (_snapshot is { Token.HasChanged: false } current)
        {
            return current;
        }

        var token = configuration.GetReloadToken(); // before reading: a change in between makes the snapshot stale, not wrong
        var names = configuration.GetSection(options.Value.SectionName).GetChildren().Select(service => service.Key);
        return _snapshot = new Snapshot(token, names.ToFrozenSet(StringComparer.OrdinalIgnoreCase));
    }

    private Endpoint[] Read(ServiceQuery query)
    {
        var service = configuration.GetSection(options.Value.SectionName).GetSection(query.ServiceName);
        var schemes = discoveryOptions.Value.ApplyAllowedSchemes(query.Schemes);
        string[] names = query.EndpointName is { } name ? [name] : [DefaultEndpointName, .. schemes];
        if (names.Select(service.GetSection).FirstOrDefault(candidate => candidate.Exists()) is not { } section)
        {
            return [];
        }

        var endpoints = Values(section).Select(value => Parse(query, section, value)).ToArray();
        // Of the schemes asked for, only endpoints of the first one that has any; those without a scheme serve every scheme.
        var preferred = schemes.FirstOrDefault(scheme => endpoints.Any(endpoint => endpoint.Scheme == scheme));
        return [.. endpoints.Where(endpoint => endpoint.Scheme is null || endpoint.Scheme == preferred)];
    }

    private static IEnumerable<string?> Values(IConfigurationSection section) =>
        string.IsNullOrWhiteSpace(section.Value) ? section.GetChildren().Select(child => child.Value) : [section.Value];

    private static Endpoint Parse(ServiceQuery query, IConfigurationSection section, string? value) =>
        Endpoint.TryParse(value, out var endpoint)
            ? endpoint
            : throw new KeyNotFoundException($"The configuration of service '{query.ServiceName}' has an invalid endpoint at '{section.Path}'.");

    private sealed record Snapshot(IChangeToken Token, FrozenSet<string> ServiceNames)
    {
        public ConcurrentDictionary<string, Rotation> Rotations { get; } = new(StringComparer.OrdinalIgnoreCase);
    }

    private sealed class Rotation(Endpoint[] endpoints)
    {
        private uint _next = uint.MaxValue;

        public Endpoint? Next() =>
            endpoints.Length == 0 ? null : endpoints[Interlocked.Increment(ref _next) % (uint)endpoints.Length];
    }
}
