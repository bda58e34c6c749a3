# The catalog: one server, for trying the stack out. A catalog that matters has three or five.
variable "version" {
  description = "The tag of the image"
  type        = string
  default     = "1.0.0"
}

variable "network" {
  description = "A network of the Docker engines in which every container reaches every other"
  type        = string
  default     = "autopilot"
}

job "consul" {
  datacenters = ["*"]
  type        = "service"

  # No canaries: two servers would be two catalogs, each with a part of the truth.
  update {
    max_parallel     = 1
    health_check     = "task_states"
    min_healthy_time = "10s"
    healthy_deadline = "2m"
  }

  group "consul" {
    count = 1

    restart {
      attempts = 5
      interval = "5m"
      delay    = "2s"
      mode     = "delay"
    }

    task "consul" {
      driver       = "docker"
      kill_timeout = "30s"
      kill_signal  = "SIGTERM"

      config {
        image           = "containerpilot/consul:${var.version}"
        network_mode    = var.network
        network_aliases = ["consul"]
        readonly_rootfs = true
        cap_drop        = ["all"]
        security_opt    = ["no-new-privileges"]
        pids_limit      = 200

        # Gone with the container. The helpers register again at a catalog that has forgotten them.
        mount {
          type   = "tmpfs"
          target = "/var/lib/consul"
          tmpfs_options {
            size = 134217728
          }
        }
        mount {
          type   = "tmpfs"
          target = "/tmp"
          tmpfs_options {
            size = 16777216
          }
        }
      }

      resources {
        cpu    = 200
        memory = 384
      }
    }
  }
}
