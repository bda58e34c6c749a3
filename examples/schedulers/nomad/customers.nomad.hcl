variable "version" {
  description = "The tag of the image"
  type        = string
  default     = "1.0.0"
}

variable "count" {
  description = "How many instances"
  type        = number
  default     = 2
}

variable "canary" {
  description = "How many of a new version run beside the old ones until somebody promotes them; as many as `count` is blue/green"
  type        = number
  default     = 1
}

variable "network" {
  description = "A network of the Docker engines in which every container reaches every other"
  type        = string
  default     = "autopilot"
}

job "customers" {
  datacenters = ["*"]
  type        = "service"

  # Nomad sees whether the container runs, and not whether it is well: that only the helper and the
  # catalog know. So no change goes further than its canaries until a person has looked.
  update {
    canary            = var.canary
    max_parallel      = 1
    auto_promote      = false
    auto_revert       = true
    health_check      = "task_states"
    min_healthy_time  = "15s"
    healthy_deadline  = "2m"
    progress_deadline = "10m"
  }

  # A drain of nodes takes one at a time.
  migrate {
    max_parallel     = 1
    health_check     = "task_states"
    min_healthy_time = "15s"
    healthy_deadline = "2m"
  }

  group "customers" {
    count = var.count

    spread {
      attribute = "${node.unique.id}"
    }

    # The container ends with the status of the application, and this is who starts it again.
    restart {
      attempts = 5
      interval = "5m"
      delay    = "2s"
      mode     = "delay"
    }

    # No `service` block: the helper registers the application, under the name of its configuration
    # and only while it is well. A second registration would be another instance to everybody.
    task "customers" {
      driver = "docker"

      # At least what `containerpilot check --for nomad` says of the configuration. Nomad's own
      # default is 5 s, and the agent allows no more than its `max_kill_timeout`, 30 s by default.
      kill_timeout = "30s"
      kill_signal  = "SIGTERM"

      config {
        image           = "containerpilot/customers:${var.version}"
        network_mode    = var.network
        readonly_rootfs = true
        cap_drop        = ["all"]
        security_opt    = ["no-new-privileges"]
        pids_limit      = 200

        # The control socket is at /var/run, which is /run. Root, without a capability, runs all of it:
        # a tmpfs that the engine mounts over a folder of the image is root's, whatever mode it asks for.
        mount {
          type   = "tmpfs"
          target = "/run"
          tmpfs_options {
            size = 16777216
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

      env {
        CONSUL = "consul"
      }

      resources {
        cpu    = 100
        memory = 192
      }
    }
  }
}
