using System.Net.Sockets;
using System.Text;
using Workflows.Testing;

namespace Aspire.Hosting.AppHost.Tests.Servers;

internal static class RedisClient
{
    /// <summary>The first line of the reply to one inline command.</summary>
    public static Task<string?> AskAsync(RedisServer server, string command) =>
        AskAsync(server.Port, server.ConnectionString.Split("password=")[1], command);

    public static async Task<string?> AskAsync(int port, string password, string command)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", port);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"AUTH {password}\r\n{command}\r\n"));
        using var reader = new StreamReader(client.GetStream(), Encoding.ASCII);
        await reader.ReadLineAsync();
        return await reader.ReadLineAsync();
    }
}
