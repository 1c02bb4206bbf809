"""What several tests share: tiny networks, servers, clips, programs."""
