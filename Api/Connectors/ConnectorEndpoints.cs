using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http.Security;
using Workflows.Api.Http;
using Workflows.Connectors;
using Workflows.Data.Connectors;
using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;
using Workflows.Data.Secrets;
using Workflows.Engine.Connectors;

namespace Workflows.Api.Connectors;

/// <summary>Connectors. What is secret of a configuration goes in and is never answered.</summary>
internal static partial class ConnectorEndpoints
{
    private const string Masked = "***";

    public static void MapConnectors(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/connectors").WithTags("Connectors");
        group.MapGet("", ListAsync).Requires(Permission.ConnectorsRead).WithSummary("List connectors, without their configurations");
        group.MapGet("/types", Types).Requires(Permission.ConnectorsRead).WithSummary("The types of connectors and their fields");
        group.MapPost("", CreateAsync).Requires(Permission.ConnectorsWrite).WithMetadata(new SuccessStatus(201)).WithSummary("Create a connector");
        group.MapGet("/{connectorId:guid}", GetAsync).Requires(Permission.ConnectorsRead).WithSummary("Get a connector, its secrets masked");
        group.MapPatch("/{connectorId:guid}", UpdateAsync).Requires(Permission.ConnectorsWrite).WithSummary("Change a connector");
        group.MapDelete("/{connectorId:guid}", DeleteAsync).Requires(Permission.ConnectorsWrite).WithSummary("Delete a connector");
        group.MapPost("/{connectorId:guid}/test", TestAsync).Requires(Permission.ConnectorsWrite).WithSummary("Reach the system behind a connector, and log in there");
    }

    private static async Task<ApiResponse<List<ConnectorItem>>> ListAsync(
        [AsParameters] PageQuery query, ApiRequest request, Pager pager, CancellationToken cancellationToken)
    {
        var page = pager.Read<IdKey>(query, request.Caller.TenantId, "connectors");
        var total = await request.Db.Connectors.CountAsync(query, cancellationToken);
        var rows = await request.Db.Connectors.AsNoTracking().After(page, after => row => row.Id > after.Id).OrderBy(row => row.Id).Take(page.Take)
            .Select(row => new ConnectorItem(
                row.Id, row.Name, row.Type, row.Description, row.Status, row.TestedAt, row.TestSucceeded, row.TestMessage, row.Version, row.CreatedAt, row.UpdatedAt))
            .ToListAsync(cancellationToken);
        return ApiResponse<List<ConnectorItem>>.Page(rows, page.Close(rows, row => new IdKey(row.Id), total), FieldSelection.Read<ConnectorItem>(query));
    }

    private static ApiResponse<List<ConnectorTypeView>> Types() =>
        ConnectorTypes.All.Select(type => new ConnectorTypeView(type.Name, type.Summary, type.Fields)).ToList();

    private static async Task<ApiResponse<ConnectorView>> GetAsync(
        Guid connectorId, ApiRequest request, ConnectorStore store, CancellationToken cancellationToken)
    {
        var row = await request.Db.Connectors.AsNoTracking().SingleOrDefaultAsync(connector => connector.Id == connectorId, cancellationToken);
        return row is null
            ? new Problem(Errors.ConnectorNotFound)
            : ApiResponse<ConnectorView>.Ok(View(row, (await OpenAsync(store, row, cancellationToken)).Config), row.Version);
    }

    private static async Task<ApiResponse<ConnectorView>> CreateAsync(
        Body<CreateConnectorRequest> body, ApiRequest request, ConnectorStore store, Invalidation invalidation, CancellationToken cancellationToken)
    {
        var wanted = body.Value;
        var checks = new Checks().Text("description", wanted.Description, Limits.DescriptionLength);
        if (!NameForm().IsMatch(wanted.Name))
        {
            checks.Add("name", "NAME", "A name begins with a letter and has at most 100 letters, digits, '_' and '-'.");
        }

        if (ConnectorTypes.Find(wanted.Type) is null)
        {
            checks.Add("type", "UNKNOWN", $"The types are {string.Join(", ", ConnectorTypes.All.Select(type => type.Name))}.");
        }

        var config = Merge(wanted.Type, new Dictionary<string, string>(), wanted.Config, checks);
        if (Check(checks, wanted.Type, config) is { } problem)
        {
            return problem;
        }

        var id = Guid.CreateVersion7(request.Now);
        var @sealed = await store.SealAsync(request.Caller.TenantId, id, config, cancellationToken);
        var response = await request.ChangeAsync<ConnectorView>(async token =>
        {
            if (await request.Db.Connectors.CountAsync(token) >= Limits.ConnectorsPerTenant)
            {
                return new Problem(Errors.LimitReached, $"A tenant has at most {Limits.ConnectorsPerTenant} connectors.");
            }

            var connector = new Connector
            {
                TenantId = request.Caller.TenantId,
                Id = id,
                Name = wanted.Name,
                Type = wanted.Type,
                Description = wanted.Description,
                KeyId = @sealed.KeyId,
                Sealed = @sealed.Bytes,
                CreatedAt = request.Now,
                UpdatedAt = request.Now,
            };
            request.Db.Connectors.Add(connector);
            request.Record("connector.create", "connector", id, wanted.Name, after: new { wanted.Type, Config = Mask(wanted.Type, config) });
            return ApiResponse<ConnectorView>.Created(View(connector, config), $"/api/v1/connectors/{id}", connector.Version);
        });
        invalidation.Publish(Invalidated.Connector, request.Caller.TenantId, id);
        return response;
    }

    private static async Task<ApiResponse<ConnectorView>> UpdateAsync(
        Guid connectorId, Body<UpdateConnectorRequest> body, ApiRequest request, ConnectorStore store, Invalidation invalidation)
    {
        var wanted = body.Value;
        var checks = new Checks().Text("description", wanted.Description, Limits.DescriptionLength);
        if (wanted.Status is not (null or "active" or "disabled"))
        {
            checks.Add("status", "VALUE", "'status' is active or disabled.");
        }

        var response = await request.ChangeAsync<ConnectorView>(async token =>
        {
            var connector = await request.Db.Connectors.SingleOrDefaultAsync(row => row.Id == connectorId, token);
            if (connector is null)
            {
                return new Problem(Errors.ConnectorNotFound);
            }

            if (request.CheckMatch(connector) is { } conflict)
            {
                return conflict;
            }

            var before = (await OpenAsync(store, connector, token)).Config;
            var config = wanted.Config is null ? before : Merge(connector.Type, before, wanted.Config, checks);
            if ((Check(checks, connector.Type, config)
                ?? CheckSecrets(connector.Type, before, config, wanted.Config)) is { } problem)
            {
                return problem;
            }

            if (wanted.Config is not null)
            {
                var @sealed = await store.SealAsync(connector.TenantId, connector.Id, config, token);
                (connector.KeyId, connector.Sealed) = (@sealed.KeyId, @sealed.Bytes);
                (connector.TestedAt, connector.TestSucceeded, connector.TestMessage) = (null, null, null); // it was another configuration
            }

            var old = new { Config = Mask(connector.Type, before), connector.Status, connector.Description };
            connector.Description = wanted.Description ?? connector.Description;
            connector.Status = wanted.Status ?? connector.Status;
            connector.Touch(request.Now);
            request.Record(
                "connector.update", "connector", connector.Id, connector.Name, old,
                new { Config = Mask(connector.Type, config), connector.Status, connector.Description });
            return ApiResponse<ConnectorView>.Ok(View(connector, config), connector.Version);
        });
        invalidation.Publish(Invalidated.Connector, request.Caller.TenantId, connectorId);
        return response;
    }

    private static async Task<ApiResponse<Done>> DeleteAsync(Guid connectorId, ApiRequest request, Invalidation invalidation)
    {
        var response = await request.ChangeAsync<Done>(async token =>
        {
            var connector = await request.Db.Connectors.SingleOrDefaultAsync(row => row.Id == connectorId, token);
            if (connector is null)
            {
                return new Problem(Errors.ConnectorNotFound);
            }

            if (request.CheckMatch(connector) is { } conflict)
            {
                return conflict;
            }

            if (await ResourceUsers.OfConnectorAsync(request.Db, connector.Name, token) is { } inUse)
            {
                return inUse;
            }

            request.Db.Connectors.Remove(connector);
            request.Record("connector.delete", "connector", connector.Id, connector.Name);
            return new Done(connector.Id, "deleted");
        });
        invalidation.Publish(Invalidated.Connector, request.Caller.TenantId, connectorId);
        return response;
    }

    // The network is asked outside of any transaction; its answer is kept as far as the connector is still the one that was tried.
    private static async Task<ApiResponse<ConnectorTestView>> TestAsync(
        Guid connectorId, ApiRequest request, ConnectorStore store, ConnectorTester tester, CancellationToken cancellationToken)
    {
        var row = await request.Db.Connectors.AsNoTracking().SingleOrDefaultAsync(connector => connector.Id == connectorId, cancellationToken);
        if (row is null)
        {
            return new Problem(Errors.ConnectorNotFound);
        }

        var test = await tester.TestAsync(await OpenAsync(store, row, cancellationToken), cancellationToken);
        return await request.ChangeAsync<ConnectorTestView>(async token =>
        {
            await request.Db.Connectors.Where(connector => connector.Id == connectorId && connector.Version == row.Version).ExecuteUpdateAsync(
                change => change.SetProperty(connector => connector.TestedAt, request.Now)
                    .SetProperty(connector => connector.TestSucceeded, test.Succeeded)
                    .SetProperty(connector => connector.TestMessage, test.Message),
                token);
            request.Record("connector.test", "connector", connectorId, row.Name, after: test);
            return new ConnectorTestView(test.Succeeded, test.Message, request.Now);
        });
    }

    private static ValueTask<OpenConnector> OpenAsync(ConnectorStore store, Connector row, CancellationToken cancellationToken) =>
        store.OpenAsync(row.TenantId, row.Id, row.Name, row.Type, row.Version, new SealedBytes(row.KeyId, row.Sealed), cancellationToken);

    private static Dictionary<string, string> Merge(
        string type, IReadOnlyDictionary<string, string> present, Dictionary<string, JsonElement> wanted, Checks checks)
    {
        var config = new Dictionary<string, string>(present, StringComparer.Ordinal);
        foreach (var (name, value) in wanted)
        {
            switch (value.ValueKind)
            {
                case JsonValueKind.Null:
                    config.Remove(name);
                    break;
                case JsonValueKind.String when value.GetString() == Masked && present.ContainsKey(name):
                    break;
                case JsonValueKind.String when value.GetString() == Masked && IsSecret(type, name):
                    checks.Add($"config/{name}", "MASKED",
                        $"'{name}' is masked, and there is none to keep: give its value.");
                    break;
                case JsonValueKind.String:
                    config[name] = value.GetString()!;
                    break;
                case JsonValueKind.Number:
                    config[name] = value.GetRawText();
                    break;
                default:
                    checks.Add($"config/{name}", "TYPE", $"'{name}' is text or a number.");
                    break;
            }
        }

        return config;
    }

    private static bool IsSecret(string type, string field) =>
        ConnectorTypes.Find(type)?.Fields.Any(known => known.Secret && known.Name == field) == true;

    private static Problem? CheckSecrets(
        string type,
        IReadOnlyDictionary<string, string> before,
        IReadOnlyDictionary<string, string> after,
        Dictionary<string, JsonElement>? wanted)
    {
        if (wanted is null || ConnectorTypes.Find(type) is not { } known)
        {
            return null;
        }

        var given = wanted
            .Where(field => field.Value.ValueKind == JsonValueKind.Number
                || (field.Value.ValueKind == JsonValueKind.String && field.Value.GetString() != Masked))
            .Select(field => field.Key).ToHashSet(StringComparer.Ordinal);
        var details = ConnectorTypes.FindCarriedSecrets(known, before, after, given)
            .Select(problem => new ErrorDetail($"/config/{problem.Field}", problem.Code, problem.Message)).ToList();
        return details.Count == 0 ? null : new Problem(Errors.ConnectorSecretsNeeded, details: details);
    }

    private static Problem? Check(Checks checks, string type, IReadOnlyDictionary<string, string> config)
    {
        foreach (var problem in ConnectorTypes.Find(type) is { } known ? ConnectorTypes.FindProblems(known, config) : [])
        {
            checks.Add($"config/{problem.Field}", problem.Code, problem.Message);
        }

        return checks.Problem;
    }

    private static Dictionary<string, string> Mask(string type, IReadOnlyDictionary<string, string> config)
    {
        var secret = ConnectorTypes.Find(type)?.Fields.Where(known => known.Secret).Select(known => known.Name).ToHashSet(StringComparer.Ordinal);
        return config.ToDictionary(entry => entry.Key, entry => secret?.Contains(entry.Key) != false ? Masked : entry.Value);
    }

    private static ConnectorView View(Connector row, IReadOnlyDictionary<string, string> config) => new(
        row.Id, row.Name, row.Type, row.Description, row.Status, Mask(row.Type, config), row.TestedAt, row.TestSucceeded, row.TestMessage, row.Version,
        row.CreatedAt, row.UpdatedAt);

    [GeneratedRegex(@"^[A-Za-z][A-Za-z0-9_-]{0,99}\z")]
    private static partial Regex NameForm();
}
