using System.Globalization;
using System.Text;
using System.Text.Json;
using Workflows.Connectors;
using Workflows.Engine;
using Workflows.Engine.Connectors;
using Workflows.Worker.Calls;

namespace Workflows.Worker.Nodes;

/// <summary>Files for <c>file</c> nodes. Every operation is the same when it is repeated.</summary>
internal sealed class FileNodeRunner(ConnectorAccess connectors, S3Connector store, FolderStorage folder) : INodeRunner
{
    public string Type => "file";

    public Task<NodeResult> RunAsync(NodeCall call, CancellationToken cancellationToken) => ConnectorAccess.GuardAsync(async () =>
    {
        var parameters = new RenderedCall(call);
        var connector = parameters.Text("connector") is { } name
            ? await connectors.OpenAsync(call, name, ConnectorTypes.S3, cancellationToken)
            : null;
        try
        {
            return parameters.RequiredText("operation") switch
            {
                "read" => await ReadAsync(call.TenantId, connector, parameters, cancellationToken),
                "write" => await WriteAsync(call.TenantId, connector, parameters, cancellationToken),
                "list" => await ListAsync(call.TenantId, connector, parameters, cancellationToken),
                "delete" => await DeleteAsync(call.TenantId, connector, parameters, cancellationToken),
                var other => throw RenderedCall.Invalid($"'{other}' is no operation on files."),
            };
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The message of the system names the folder on this machine, which is nobody's business.
            throw new ConnectorException("FILE_ACCESS", $"The file cannot be reached ({exception.GetType().Name}).", isTransient: exception is IOException);
        }
    });

    private async Task<NodeResult> ReadAsync(Guid tenantId, OpenConnector? connector, RenderedCall parameters, CancellationToken cancellationToken)
    {
        var (path, maxBytes) = (parameters.RequiredText("path"), Integer(parameters, "maxBytes"));
        var content = (connector is null
            ? await folder.ReadAsync(tenantId, path, maxBytes, cancellationToken)
            : await store.ReadAsync(connector, path, maxBytes, cancellationToken))
            ?? throw new ConnectorException("FILE_NOT_FOUND", $"There is no file '{path}'.");
        return ConnectorAccess.Success(writer =>
        {
            writer.WriteString("path", path);
            writer.WriteNumber("size", content.Length);
            writer.WritePropertyName("content");
            WriteContent(writer, parameters.RequiredText("format"), content);
        });
    }

    private static void WriteContent(Utf8JsonWriter writer, string format, byte[] content)
    {
        switch (format)
        {
            case "base64":
                writer.WriteBase64StringValue(content);
                break;
            case "json" when JsonText.FindProblem(content) is { } problem:
                throw new ConnectorException("FILE_CONTENT", $"The file is no JSON that can be kept: {problem}.");
            case "json":
                writer.WriteRawValue(content);
                break;
            default:
                writer.WriteStringValue(Encoding.UTF8.GetString(content).Replace('\0', '\uFFFD'));
                break;
        }
    }

    private async Task<NodeResult> WriteAsync(Guid tenantId, OpenConnector? connector, RenderedCall parameters, CancellationToken cancellationToken)
    {
        var (path, format) = (parameters.RequiredText("path"), parameters.RequiredText("format"));
        var content = Content(parameters, format);
        if (content.Length > Engine.Limits.FileBytes)
        {
            throw new ConnectorException("FILE_TOO_LARGE", $"A node writes at most {Engine.Limits.FileBytes} bytes.");
        }

        if (connector is null)
        {
            await folder.WriteAsync(tenantId, path, content, cancellationToken);
        }
        else
        {
            var type = parameters.Text("contentType")
                ?? (format == "json" ? "application/json" : format == "text" ? "text/plain; charset=utf-8" : "application/octet-stream");
            await store.WriteAsync(connector, path, content, type, cancellationToken);
        }

        return ConnectorAccess.Success(writer =>
        {
            writer.WriteString("path", path);
            writer.WriteNumber("size", content.Length);
        });
    }

    private static byte[] Content(RenderedCall parameters, string format)
    {
        var json = parameters.Json("content");
        if (format == "json")
        {
            return json.ValueKind == JsonValueKind.Undefined ? "null"u8.ToArray() : Encoding.UTF8.GetBytes(json.GetRawText());
        }

        var text = parameters.Text("content") ?? throw RenderedCall.Invalid("'content' yields nothing.");
        if (format == "text")
        {
            return Encoding.UTF8.GetBytes(text);
        }

        return json.TryGetBytesFromBase64(out var bytes) ? bytes : throw RenderedCall.Invalid("'content' is no Base64.");
    }

    private async Task<NodeResult> ListAsync(Guid tenantId, OpenConnector? connector, RenderedCall parameters, CancellationToken cancellationToken)
    {
        var (path, count) = (parameters.Text("path") ?? "", Integer(parameters, "maxFiles"));
        var (files, truncated) = connector is null
            ? folder.List(tenantId, path, count)
            : await store.ListAsync(connector, path, count, cancellationToken);
        return ConnectorAccess.Success(writer =>
        {
            writer.WriteStartArray("files");
            foreach (var file in files)
            {
                writer.WriteStartObject();
                writer.WriteString("path", file.Path);
                writer.WriteNumber("size", file.Size);
                if (file.ModifiedAt is { } at)
                {
                    writer.WriteString("modifiedAt", at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
                }

                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteBoolean("truncated", truncated);
        });
    }

    private async Task<NodeResult> DeleteAsync(Guid tenantId, OpenConnector? connector, RenderedCall parameters, CancellationToken cancellationToken)
    {
        var path = parameters.RequiredText("path");
        if (connector is null)
        {
            folder.Delete(tenantId, path);
        }
        else
        {
            await store.DeleteAsync(connector, path, cancellationToken);
        }

        return ConnectorAccess.Success(writer => writer.WriteString("path", path));
    }

    private static int Integer(RenderedCall parameters, string name) => int.Parse(parameters.RequiredText(name), NumberStyles.None, CultureInfo.InvariantCulture);
}
